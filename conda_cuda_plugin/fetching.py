"""Single files from the web, by conda's session; what goes wrong is said in words.

Nothing here is imported when conda starts; every caller imports it inside a function.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import web
from .addresses import shown_address
from .conda_compat import detail, first_line, stdout_for_people
from .connections import LATER, AnswerError, guarded, hints_for
from .errors import CudaError


def download_file(url: str, path: Path) -> None:
    """Download a file with conda's session, which knows its proxies, certificates and logins.

    Raises:
        AnswerError: when it cannot be had.
    """
    from conda.gateways.connection.download import download

    with stdout_for_people(), in_words(url):
        download(url, str(path))


@contextlib.contextmanager
def in_words(url: str) -> Iterator[None]:
    """Ask for an address under the rules; what goes wrong is said in words.

    Raises:
        AnswerError: for whatever conda and requests raise, but for a file that is another one.
    """
    from conda.exceptions import (
        ChecksumMismatchError,
        CondaError,
        CondaHTTPError,
        CondaSignalInterrupt,
        CondaSSLError,
        ProxyError,
    )
    from requests import exceptions

    place = shown_address(url)

    def unreachable(reason: str, *hints: str) -> AnswerError:
        return AnswerError(place, reason, hints=hints, unreachable=True)

    try:
        with guarded():
            yield
    except AnswerError as error:
        if error.silent:
            # It does not know whose silence it is.
            raise AnswerError(place, error.reason, hints=error.hints, silent=True) from error
        raise
    except (exceptions.SSLError, CondaSSLError) as error:
        raise unreachable(
            "cannot be read: its certificate is not trusted",
            "conda config --set ssl_verify FILE names the certificate to trust.",
        ) from error
    except (exceptions.ProxyError, ProxyError) as error:
        raise unreachable(
            "cannot be reached: the proxy does not let it through",
            "conda config --show proxy_servers",
        ) from error
    except (exceptions.ChunkedEncodingError, exceptions.ContentDecodingError) as error:
        raise unreachable("broke off", LATER) from error
    except ValueError as error:
        # InvalidURL, InvalidSchema and MissingSchema of requests among them.
        raise AnswerError(place, "is no address that conda can read") from error
    except exceptions.RequestException as error:
        raise unreachable("cannot be reached") from error
    except (ChecksumMismatchError, CondaSignalInterrupt, CudaError):
        raise
    except CondaHTTPError as error:
        raise answer_of(error, url) from error
    except CondaError as error:
        raise unreachable(f"cannot be read: {first_line(error).rstrip('.')}") from error


def answer_of(error: Any, url: str = "") -> AnswerError:
    """What conda's error about an answer means.

    Args:
        error: a CondaHTTPError.
        url: what was asked for, where the error does not say.
    """
    place, status = shown_address(url or detail(error, "url")), detail(error, "status_code")
    if not status.isdigit() or not int(status):
        return AnswerError(place, "cannot be reached", unreachable=True)
    return AnswerError(place, web.meaning(int(status)), hints=hints_for(int(status)))
