"""A real Chromium that tests drive, without a look at the internet."""

import json
import os
import shutil
import time

import pytest

CHROMIUM = os.environ.get("SHIFTSCOPE_CHROMIUM") or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)  # fmt: skip
DRIVER = os.environ.get("SHIFTSCOPE_CHROMEDRIVER") or shutil.which("chromedriver")
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip
PATIENCE = 60
"""Seconds that a condition may take to come true."""


def missing():
    """Why no browser can be driven here; empty where one can."""
    if not CHROMIUM:
        return "no Chromium is on the PATH; SHIFTSCOPE_CHROMIUM can name one"
    if not DRIVER:
        return "no chromedriver is on the PATH; SHIFTSCOPE_CHROMEDRIVER can name one"
    try:
        import selenium  # noqa: F401
    except ImportError:
        return "selenium is not installed"
    return ""


needs_browser = pytest.mark.skipif(bool(missing()), reason=missing())


def opened(folder):
    """A browser whose profile lies in `folder`."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    # The driver is named, so that selenium looks for none; these two see to it that it asks nobody either.
    os.environ |= {"SE_OFFLINE": "true", "SE_AVOID_STATS": "true"}
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={folder}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    driver.set_script_timeout(2 * PATIENCE)
    return driver


def until(condition, said):
    """Wait until `condition` answers with something true, and return that."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"this did not come true: {said}")


def emulate(driver, width, height=900, *, dark=False):
    """Make the window so many px large, and the page light or dark."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})


def requests(driver):
    """The addresses that pages asked for since the last look, data in the page itself left out."""
    messages = (json.loads(entry["message"])["message"] for entry in driver.get_log("performance"))
    asked = [one["params"]["request"]["url"] for one in messages if one["method"] == "Network.requestWillBeSent"]
    return [address for address in asked if not address.startswith("data:")]
