"""What happened in a firm → signed messages to the firm's own systems."""
