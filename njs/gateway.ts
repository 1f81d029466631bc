/**
 * Decides, inside nginx, what a request is: which action on which channels by which transport. The order of the checks
 * is Nchan's (spec/http-protocol.md §1), so that a request with several faults gets the answer it always got.
 */
import {
  DEFAULT_HANDOFF_LOCATION,
  HANDOFF,
  HANDOFF_LOCATION_VARIABLE,
  LOCATION_VARIABLE,
  TRANSFER_ENCODING_VARIABLE,
} from '../handoff/headers.ts';
import { HOOKS_VARIABLE } from '../handoff/hooks.ts';
import { formatMessageId } from '../handoff/message-id.ts';
import { fitsChannels } from '../handoff/requested-id.ts';
import {
  DEFAULT_PUBLISHER,
  DEFAULT_SUBSCRIBER,
  type LocationSettings,
  parseSettings,
  type SubscriberTransport,
} from '../handoff/settings.ts';
import { admit } from './admission.ts';
import { page, sendAnswer } from './answer.ts';
import { channelNames, encodedValue, publisherChannels } from './channels.ts';
import { dynamicLimits } from './dynamic-limits.ts';
import { givenVariables } from './dynamic-value.ts';
import { decideGroup, groupLimits } from './group.ts';
import { hookContext } from './hooks.ts';
import { setNchanVariables } from './nchan-variables.ts';
import { allowedOrigin } from './origin.ts';
import { type Outcome, refuse } from './outcome.ts';
import { requestedMessageId } from './requested-id.ts';
import { carryStrings } from './strings.ts';
import { chooseTransport, UPGRADED } from './transport.ts';
import { hasControlCharacters, hasUnfitHeaders } from './unfit-headers.ts';

/** What `js_content njchan.…` says the location is, where its settings do not say more. */
export type Role = 'publisher' | 'subscriber' | 'pubsub' | 'group';

/** Constants of the location, which a subrequest to another endpoint would overwrite. */
const CONSTANTS = [LOCATION_VARIABLE, HANDOFF.settings.variable, HANDOFF_LOCATION_VARIABLE] as const;

/** Handles one request: decides, and redirects to the hand-off location, unless nginx answers itself. */
export function handle(r: NginxHTTPRequest, role: Role): void {
  if (hasControlCharacters(r)) {
    r.return(400);
    return;
  }
  const settings = settingsFor(r, role);
  if (settings.hookSocket !== '' && hasUnfitHeaders(r)) {
    r.return(400);
    return;
  }
  const location = r.variables[LOCATION_VARIABLE] || '';
  const allowOrigin = allowedOrigin(r, location);
  const outcome = allowOrigin === undefined ? refuse('origin_refused') : decide(r, role, settings);
  outcome.allowOrigin = allowOrigin;
  setNchanVariables(r, outcome);
  // Before anything else sees, and may set, the variables.
  const hooks = hooksOf(r, settings, outcome);
  const admitted = admit(r, location, settings, outcome);
  if ('then' in admitted) wait(r, settings, outcome, hooks, admitted);
  else answer(r, settings, outcome, hooks, admitted);
}

/** Answers once the checks are done; nothing else waits for them. */
function wait(
  r: NginxHTTPRequest,
  settings: LocationSettings,
  outcome: Outcome,
  hooks: string,
  admitted: Promise<Outcome>,
): void {
  const constants = CONSTANTS.map((name) => r.variables[name]);
  admitted
    .then((after) => {
      for (let i = 0; i < CONSTANTS.length; i++) {
        const value = constants[i];
        if (value !== undefined) r.variables[CONSTANTS[i] as string] = value;
      }
      setNchanVariables(r, outcome);
      answer(r, settings, outcome, hooks, after);
    })
    .catch((error: unknown) => {
      r.error(`a check failed: ${error}`);
      sendAnswer(r, page(500));
    });
}

/**
 * @param asked what the request is
 * @param hooks the context for its hooks
 * @param after what the checks have made of it
 */
function answer(
  r: NginxHTTPRequest,
  settings: LocationSettings,
  asked: Outcome,
  hooks: string,
  after: Outcome,
): void {
  // Another endpoint may have set it, whose subrequest (mirror) or redirect (error_page) shares our variables.
  if (hooks !== '' || r.variables[HOOKS_VARIABLE]) r.variables[HOOKS_VARIABLE] = hooks;
  // A refusal may be an outcome of its own; who may read it is as before.
  after.allowOrigin = asked.allowOrigin;
  if (after.answer) {
    sendAnswer(r, after.answer);
    return;
  }
  if (!carryStrings(r, settings, after)) {
    after.action = 'refuse';
    after.refusal = 'strings_too_large';
  }
  handOff(r, after);
}

/** Handles a request for the figures of a Redis upstream: whatever its method, it is handed off. */
export function handleRedisStats(r: NginxHTTPRequest): void {
  const location = r.variables[LOCATION_VARIABLE] || '';
  const name = givenVariables(r, location, 'redis_upstream_expression')[0];
  const redisUpstream = name === undefined ? '' : encodedValue(r, name);
  handOffAnyMethod(r, { action: 'redis_stats', transport: '', channels: [], redisUpstream });
}

/** Handles a request for what the sidecar tells about itself: whatever its method, it is handed off. */
export function handleFigures(r: NginxHTTPRequest): void {
  handOffAnyMethod(r, { action: 'figures', transport: '', channels: [] });
}

/** Hands off a request that nothing is decided of, if the sidecar's parser takes its headers. */
function handOffAnyMethod(r: NginxHTTPRequest, outcome: Outcome): void {
  if (hasControlCharacters(r)) r.return(400);
  else handOff(r, outcome);
}

/** The context for the hooks that the request will ask; too large a one makes it a refusal. */
function hooksOf(r: NginxHTTPRequest, settings: LocationSettings, outcome: Outcome): string {
  const { action, transport } = outcome;
  const isStream = action === 'subscribe' && UPGRADED.indexOf(transport as SubscriberTransport) >= 0;
  const list = hookContext(r, r.variables[LOCATION_VARIABLE] || '', settings, {
    subscribes: isStream,
    publishes:
      action === 'publish' || (transport === 'websocket' && settings.publisher.indexOf('websocket') >= 0),
  });
  if (list !== undefined) return list;
  outcome.action = 'refuse';
  outcome.refusal = 'hook_context_too_large';
  return '';
}

function settingsFor(r: NginxHTTPRequest, role: Role): LocationSettings {
  const text = r.variables[HANDOFF.settings.variable];
  const settings = parseSettings(text || '');
  if (text || role === 'group') return settings;
  // Written by hand without settings: the role's defaults, which the sidecar has to know as well.
  if (role !== 'subscriber') settings.publisher = DEFAULT_PUBLISHER;
  if (role !== 'publisher') settings.subscriber = DEFAULT_SUBSCRIBER;
  r.variables[HANDOFF.settings.variable] = JSON.stringify({
    publisher: settings.publisher,
    subscriber: settings.subscriber,
  });
  return settings;
}

function decide(r: NginxHTTPRequest, at: Role, settings: LocationSettings): Outcome {
  const location = r.variables[LOCATION_VARIABLE] || '';
  if (at === 'group') return decideGroup(r, location, settings);
  // Who asks for subscribers gets a channel of their own, where nothing was before.
  const id = settings.subscriberInfo ? undefined : requestedMessageId(r, location, settings);
  if (id === 'invalid') return refuse('message_id_invalid');

  const forGroup = settings.groupLimits ? groupLimits(r, location) : undefined;
  if (typeof forGroup === 'string') return refuse(forGroup);

  const limits = settings.publisher.length > 0 ? dynamicLimits(r, location) : {};
  if (typeof limits === 'string') return refuse(limits);

  const choice = chooseTransport(r, settings);
  if (choice.action === 'refuse') return refuse(choice.refusal);
  if (choice.action === 'options') return { action: 'options', transport: '', channels: [] };

  // The compiler refuses this, as at group locations: who may subscribe may not know who else does.
  if (settings.subscriberInfo && settings.tokenMode !== 'off') return refuse('token_right_missing');

  const role = choice.action === 'subscribe' ? 'subscriber' : 'publisher';
  const channels = channelNames(r, location, role, settings);
  if (typeof channels === 'string') return refuse(channels, choice.transport);
  const outcome: Outcome = {
    action: choice.action,
    groupLimits: forGroup ? forGroup.limits : '',
    transport: choice.transport,
    channels,
    messageTimeout: limits.messageTimeout,
    messageBufferLength: limits.messageBufferLength,
  };
  if (choice.action === 'subscribe') {
    outcome.messageId = id;
    if (id && !fitsChannels(id, channels.length)) {
      outcome.action = 'refuse';
      outcome.refusal = 'message_id_tag_count';
    } else if (choice.transport === 'websocket' && settings.publisher.indexOf('websocket') >= 0) {
      // As with Nchan, a publisher's fault is none of the subscriber's: it is met by the first message.
      const others = publisherChannels(r, location, settings, channels);
      if (typeof others === 'string') outcome.refusal = others;
      else if (others) outcome.publisherChannels = others;
    }
  }
  return outcome;
}

function numeric(value: number | undefined): string {
  return value === undefined ? '' : String(value);
}

function handOff(r: NginxHTTPRequest, outcome: Outcome): void {
  const upgraded =
    outcome.action !== 'refuse' && UPGRADED.indexOf(outcome.transport as SubscriberTransport) >= 0;
  const variables = r.variables;
  variables[HANDOFF.action.variable] = outcome.action;
  variables[HANDOFF.transport.variable] = outcome.transport;
  variables[HANDOFF.channels.variable] = outcome.channels.join(',');
  variables[HANDOFF.publisherChannels.variable] = outcome.publisherChannels
    ? outcome.publisherChannels.join(',')
    : '';
  variables[HANDOFF.messageId.variable] = outcome.messageId ? formatMessageId(outcome.messageId) : '';
  variables[HANDOFF.messageTimeout.variable] = numeric(outcome.messageTimeout);
  variables[HANDOFF.messageBufferLength.variable] = numeric(outcome.messageBufferLength);
  variables[HANDOFF.refusal.variable] = outcome.refusal || '';
  variables[HANDOFF.redisUpstream.variable] = outcome.redisUpstream || '';
  variables[HANDOFF.groupLimits.variable] = outcome.groupLimits || '';
  variables[HANDOFF.allowOrigin.variable] = outcome.allowOrigin || '';
  variables[HANDOFF.expires.variable] = numeric(outcome.expires);
  variables[HANDOFF.readOnly.variable] = outcome.readOnly ? '1' : '';
  variables[HANDOFF.connection.variable] = upgraded ? 'upgrade' : '';
  variables[HANDOFF.upgrade.variable] = upgraded ? outcome.transport : '';
  variables[TRANSFER_ENCODING_VARIABLE] = upgraded && outcome.transport === 'http-chunked' ? 'chunked' : '';
  try {
    r.internalRedirect(variables[HANDOFF_LOCATION_VARIABLE] || DEFAULT_HANDOFF_LOCATION);
  } catch (error) {
    r.error(`an endpoint cannot be the target of a subrequest (mirror, auth_request, ssi, …): ${error}`);
    r.return(500);
  }
}
