"""Letters made of blocks: a document of plain values, compiled to the HTML and the text of a mail."""
