"""The command line `tianheng`: a firm's own systems and people at work through the REST API."""
