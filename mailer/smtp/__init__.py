"""An SMTP client for many mails: pipelined, paced and exact about what was accepted. No Flask, no database."""
