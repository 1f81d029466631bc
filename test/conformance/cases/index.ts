/** All cases, in the order of the protocol's description. */
import type { Area } from '../case.ts';
import { authorize } from './authorize.ts';
import { cors } from './cors.ts';
import { deflate } from './deflate.ts';
import { firstMessage } from './first-message.ts';
import { groups } from './groups.ts';
import { idForms } from './id-forms.ts';
import { idSources } from './id-sources.ts';
import { limits } from './limits.ts';
import { messageLookup } from './lookup.ts';
import { multiPublish } from './multi-publish.ts';
import { multiplex } from './multiplex.ts';
import { multiplexIds } from './multiplex-ids.ts';
import { multiplexOrder } from './multiplex-order.ts';
import { polling } from './polling.ts';
import { publisher } from './publisher.ts';
import { refusals } from './refusals.ts';
import { streaming } from './streams.ts';
import { subscribeRequests } from './subscribe-request.ts';
import { transports } from './transports.ts';
import { upstreamRequests } from './upstream-request.ts';
import { websockets } from './websocket.ts';
import { websocketHandshakes } from './websocket-handshake.ts';
import { websocketPublisher } from './websocket-publisher.ts';
import { websocketPublisherFrames } from './websocket-publisher-frames.ts';

import { xAccel } from './x-accel.ts';

export const AREAS: readonly Area[] = [
  publisher,
  multiPublish,
  websocketPublisher,
  websocketPublisherFrames,
  refusals,
  transports,
  polling,
  streaming,
  websocketHandshakes,
  websockets,
  deflate,
  cors,
  limits,
  authorize,
  xAccel,
  idForms,
  idSources,
  firstMessage,
  messageLookup,
  multiplex,
  multiplexIds,
  multiplexOrder,
  subscribeRequests,
  upstreamRequests,
  groups,
];
