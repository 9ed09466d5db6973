"""The pages as text: valid HTML, and nothing that their policy forbids."""

import os
import pathlib
import re
import subprocess
import unittest

from stack import ROOT

PAGES = sorted([*ROOT.glob('www/*.html'), *ROOT.glob('sandbox/www/**/*.html')])
NPM = pathlib.Path(os.environ.get('VANTAGE_NPM', ROOT / 'node_modules'))


class Html(unittest.TestCase):
    def test_pages_are_valid(self):
        done = subprocess.run(
            ['node', str(NPM / 'html-validate' / 'bin' / 'html-validate.mjs'),
             '--config', str(ROOT / '.htmlvalidate.json'),
             *map(str, PAGES)],
            text=True, stdin=subprocess.DEVNULL, capture_output=True,
            check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_no_page_has_inline_script_style_or_handler(self):
        for page in PAGES:
            text = page.read_text()
            self.assertNotRegex(text, r'<style|\sstyle=|\son[a-z]+=', page)
            for script in re.findall(r'<script[^>]*>', text):
                self.assertIn(' src="/', script, page)

    def test_no_page_brings_stripe_js_itself(self):
        """PCI SAQ A: it comes from where the configuration says."""
        for page in ROOT.glob('www/**/*'):
            if page.suffix in {'.html', '.js'}:
                self.assertNotRegex(
                    page.read_text(), r'<script[^>]*stripe', page)


if __name__ == '__main__':
    unittest.main()
