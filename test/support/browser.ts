import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium } from 'playwright-core';
import { atEnd } from './cleanup.ts';

/** A browser that speaks to nothing but the test's own server. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts Debian's Chromium, headless, with a profile of its own. Closed after the test file. */
export async function startBrowser(): Promise<BrowserContext> {
  const profile = mkdtempSync(join(tmpdir(), 'njchan-browser-'));
  atEnd(() => rmSync(profile, { recursive: true, force: true }));
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: '/usr/bin/chromium',
    args: ARGUMENTS,
  });
  atEnd(() => browser.close());
  return browser;
}
