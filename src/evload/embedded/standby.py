"""A standby of an embedded server, in a data folder of its own: made by pg_basebackup, and told where its primary is.

The socket folder of the primary has another name after each of its starts. So a standby keeps the data folder of its
primary in the file `primary`, and whoever starts or looks after the standby looks there.
"""

import os
import shutil
import tempfile
from pathlib import Path

from evload.embedded import OWNER
from evload.embedded.account import Account
from evload.embedded.cluster import Cluster, failure_reason, write_secret
from evload.embedded.launching import PORT
from evload.embedded.sockets import linked_folder
from evload.errors import EvloadError

CONNECTION_FILE = "evload_primary.conf"


def make_standby(primary: Cluster, standby: Cluster, account: Account, programs: Path) -> None:
    """Copy the primary, which runs, beside the final place, so that a killed copy leaves nothing half made."""
    new = standby.new_pgdata(account)
    _copy_running(primary, new, account, programs)
    (new / "standby.signal").touch()
    with (new / "postgresql.conf").open("a") as configuration:
        configuration.write(f"\ninclude_if_exists '{CONNECTION_FILE}'\n")
    account.give(new / "standby.signal")
    write_secret(standby.password_file, primary.password())
    standby.primary_file.write_text(str(primary.folder.parent))
    standby.replicated_mark.touch()
    standby.settle(new)


def _copy_running(primary: Cluster, new: Path, account: Account, programs: Path) -> None:
    folder = linked_folder(primary.socket_link)
    assert folder is not None
    private = Path(tempfile.mkdtemp(dir=folder))
    account.give(private)
    passfile = private / "passfile"
    try:
        write_secret(passfile, f"*:*:*:{OWNER}:{primary.password()}\n")
        account.give(passfile)
        with account.reaching(new) as (path, files):
            address = f"host={folder} port={PORT} user={OWNER} passfile={passfile}"
            done = account.run(
                [programs / "pg_basebackup", f"--pgdata={path}", f"--dbname={address}", "--checkpoint=fast"], keep=files
            )
    finally:
        shutil.rmtree(private, ignore_errors=True)
    if done.returncode != 0:
        raise EvloadError(f"{primary.pgdata} could not be copied: {failure_reason(done.stdout)}")


def find_primary(standby: Cluster, account: Account) -> bool:
    """Write down where the socket of the standby's primary is. Returns whether that is news to the standby."""
    if not standby.is_standby or not standby.primary_file.exists():
        return False
    primary = Cluster(Path(standby.primary_file.read_text()))
    folder = linked_folder(primary.socket_link)
    if folder is None:
        return False  # the primary does not run
    known = standby.pgdata / CONNECTION_FILE
    wanted = f"primary_conninfo = 'host={folder} port={PORT} user={OWNER} password={primary.password()}'\n"
    if known.exists() and known.read_text() == wanted:
        return False
    new = known.with_suffix(".new")
    write_secret(new, wanted)
    account.give(new)
    os.replace(new, known)  # noqa: PTH105
    return True
