"""What happened, or is due soon → who is told, in which words, in the site and by e-mail."""
