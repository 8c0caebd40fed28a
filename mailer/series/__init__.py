"""Series: pages, and what an owner does with them. Who is due, and what a step sends: `mailer.sending.series`."""
