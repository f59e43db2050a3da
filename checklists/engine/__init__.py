"""The pure rule engine: no request, no database, no clock. Use it through `checklists`."""
