"""On Microsoft's runtime the routes answer as on the local host."""

from tests.functions.test_http_host import *  # noqa: F403  # pytest runs the tests that a module imports
