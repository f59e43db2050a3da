from django.apps import AppConfig
from django.conf import settings
from django.core.checks import register

from checklists.checks import check_catalogues
from checklists.engine.loader import use_cache_dir, use_frameworks


class ChecklistsConfig(AppConfig):
    name = "checklists"

    def ready(self) -> None:
        use_cache_dir(getattr(settings, "CATALOGUE_CACHE_DIR", None))
        use_frameworks(getattr(settings, "FRAMEWORKS_FOLDER", None))
        register(check_catalogues)
