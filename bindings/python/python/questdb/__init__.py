"""The name under which programs know ``questdb.ingress``; the package itself is ``questdb_ingress``."""

from questdb_ingress import VERSION as __version__

__all__ = ["__version__"]


def _refuse_beside_official():
    """Raises if the official package is in this folder too: its native module would be imported instead of this one's."""
    import os

    here = os.path.dirname(__file__)
    strangers = [
        name for name in os.listdir(here) if name.startswith("ingress.") and name.endswith((".so", ".pyd"))
    ]
    if not strangers:
        return
    raise ImportError(
        f"two packages are installed in {here}: questdb and questdb-ingress both have a module questdb.ingress, so that "
        f"files of one have replaced files of the other ({strangers[0]} is of questdb). Remove both, then install the one that "
        "you want: pip uninstall questdb questdb-ingress. The module questdb_ingress works beside either."
    )


_refuse_beside_official()
