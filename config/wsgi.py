"""The entry point of a web server."""

import os

from django.core.wsgi import get_wsgi_application

from checklists import load_catalogue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()
load_catalogue()  # no request is taken with broken rules: the error names each file, key and cure
