/** The settings of a hand-off's location. */
import { type LocationSettings, parseSettings } from '../handoff/settings.ts';

/** The request did not come from a gateway, or from one of another version. */
export class HandoffError extends Error {}

/** Settings texts come from configuration, so there are few; reloads add some. */
const MAX_CACHED_SETTINGS = 10_000;
const settingsByText = new Map<string, LocationSettings>();

/**
 * Reads the text of `$njchan_settings`. The same text gives the same object, as long as there are not very many.
 * @throws HandoffError
 */
export function readSettings(text: string): LocationSettings {
  let settings = settingsByText.get(text);
  if (!settings) {
    try {
      settings = parseSettings(text);
    } catch (error) {
      throw new HandoffError(`bad settings: ${(error as Error).message}`);
    }
    if (settingsByText.size >= MAX_CACHED_SETTINGS) settingsByText.clear();
    settingsByText.set(text, settings);
  }
  return settings;
}
