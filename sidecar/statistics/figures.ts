/** Answers to requests for what the sidecar tells about itself as a whole. */
import type { ServerContext } from '../context.ts';
import type { Handoff } from '../handoff.ts';
import type { PublisherAnswer } from '../publisher/http.ts';
import { healthReply } from './health.ts';
import { stubStatusReply } from './stub-status.ts';

/** The answer that the location of the hand-off is for. */
export function figuresReply(
  context: ServerContext,
  { settings }: Handoff,
  accept: string | undefined,
): Promise<PublisherAnswer> | PublisherAnswer {
  switch (settings.serves) {
    case 'stub_status':
      return stubStatusReply(context, accept);
    case 'metrics':
      return context.metrics.reply();
    case 'live':
    case 'ready':
      return healthReply(context, settings.serves);
    default:
      return { refusal: 'internal_error' };
  }
}
