"""A page in a real browser, where there is one, and what a script finds in it."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

BROWSER = next(
    filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), ""
)
_OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=20000")
# In the page's head: whatever goes wrong from now on, and how a script says what it found.
_LISTEN = """<script>
window.wrong = [];
window.addEventListener("error", event => window.wrong.push(String(event.message)));
window.addEventListener("unhandledrejection", event => window.wrong.push(String(event.reason)));
console.error = (...words) => window.wrong.push(words.join(" "));
window.note = found => {
    const element = document.createElement("pre");
    element.id = "note";
    element.textContent = JSON.stringify({...found, wrong: window.wrong});
    document.body.append(element);
};
</script>"""


def noted(page: str, script: str, file: Path) -> dict:
    """Open a page, written to `file`, and return what `script` gives to `note(…)`.

    `wrong` in it has all errors, and is empty if there were none.
    """
    start, _, end = page.partition("<head>")
    body, _, rest = end.rpartition("</body>")
    file.write_text(f"{start}<head>{_LISTEN}{body}<script>{script}</script></body>{rest}")
    profile = f"--user-data-dir={file.parent}/profile"
    run = subprocess.run(
        [BROWSER, *_OPTIONS, profile, "--dump-dom", file.as_uri()],
        capture_output=True,
        text=True,
        timeout=600,
    )
    found = re.search(r'<pre id="note">(.*?)</pre>', run.stdout, re.DOTALL)
    assert found, run.stderr[-2000:]
    return json.loads(html.unescape(found[1]))
