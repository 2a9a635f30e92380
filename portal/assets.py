"""Decides whether the files that pages name were collected; without one, every page would be a 500."""

from pathlib import PurePath

from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.storage import ManifestFilesMixin, staticfiles_storage


def problems() -> list[str]:
    """One sentence that names the files which have no collected copy; a storage without a manifest collects none."""
    if not isinstance(staticfiles_storage, ManifestFilesMixin):
        return []
    try:
        collected, _ = staticfiles_storage.load_manifest()
    except ValueError:  # cut off while it was written
        collected = {}
    missing = [name for name in ours() if not staticfiles_storage.exists(collected.get(name, "no such file"))]
    if not missing:
        return []
    named = ", ".join(missing[:3]) + (" and others" if missing[3:] else "")
    return [f"The collected static files lack {named}; run manage.py collectstatic."]


def ours() -> list[str]:
    found = (pair for finder in get_finders() for pair in finder.list([]))
    return sorted(str(PurePath(getattr(storage, "prefix", None) or "", path)) for path, storage in found)
