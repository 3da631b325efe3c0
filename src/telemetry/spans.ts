import type { Attributes, Span, SpanOptions, TracerProvider } from '@opentelemetry/api';
import type { RequestMessage, TracedOutcome, Tracing, Watcher } from '../base/tracing.js';
import { outcomeAttributes, requestAttributes } from './http-attributes.js';
import { isKnownMethod } from './methods.js';
import type { OpenTelemetryApi } from './open-telemetry-api.js';

/** What becomes a span: its beginning, and what is known at its end. */
interface SpanOf<Message> {
  name: (message: Message) => string;
  options: (message: Message) => SpanOptions;
  outcome: (message: Message) => Attributes;
  isError: (message: Message) => boolean;
}

/**
 * A client span for every request, after OpenTelemetry's HTTP semantic conventions, and a span `webex_auth.refresh` around every
 * refresh, both below the span of whoever called. Nothing is added to the request: no trace id leaves the process.
 */
export function recordSpans(tracing: Tracing, api: OpenTelemetryApi, version: string): void {
  const isActive = tracerCheck(api);
  tracing.requests.watch(
    spans<RequestMessage>(api, version, {
      name: ({ method }) => (isKnownMethod(method) ? method : 'HTTP'),
      options: (message) => ({ kind: api.SpanKind.CLIENT, attributes: spanAttributes(message) }),
      outcome: (message) => ({ ...outcomeAttributes(message), ...traced(message) }),
      isError: ({ status = 0, code }) => code !== undefined || status >= 400,
    }),
    isActive,
  );
  tracing.refreshes.watch(
    spans(api, version, {
      name: () => 'webex_auth.refresh',
      options: ({ cause }) => ({
        kind: api.SpanKind.INTERNAL,
        attributes: { 'webex_auth.refresh.cause': cause },
        // The scheduler began in the span of whoever opened this, which is long over.
        root: cause === 'scheduled',
      }),
      outcome: ({ outcome, code, ...message }) => ({
        ...(outcome && { 'webex_auth.refresh.outcome': outcome }),
        ...(code !== undefined && { 'error.type': code }),
        ...traced(message),
      }),
      isError: ({ code }) => code !== undefined,
    }),
    isActive,
  );
}

interface StandIn {
  getDelegateTracer?: (name: string) => unknown;
}

// Many have the API by way of another package, and no SDK: they pay nothing. An SDK may be registered at any time.
function tracerCheck({ trace }: OpenTelemetryApi): () => boolean {
  let active = false;
  return () => {
    if (active) return true;
    try {
      const provider: TracerProvider & StandIn = trace.getTracerProvider();
      // Until an SDK is registered the API gives out a stand-in without a delegate.
      active = !provider.getDelegateTracer || provider.getDelegateTracer('webex-auth') !== undefined;
    } catch {
      return false;
    }
    return active;
  };
}

function spans<Message extends TracedOutcome>(
  { context, trace, SpanStatusCode }: OpenTelemetryApi,
  version: string,
  { name, options, outcome, isError }: SpanOf<Message>,
): Watcher<Message> {
  const tracer = trace.getTracer('webex-auth', version);
  return (message, work) => {
    let span: Span;
    try {
      span = tracer.startSpan(name(message), options(message));
    } catch {
      // What an application's exporter or sampler throws is no reason to send nothing.
      return work();
    }
    const end = (): void => {
      try {
        span.setAttributes(outcome(message));
        if (isError(message)) span.setStatus({ code: SpanStatusCode.ERROR });
        span.end();
      } catch {
        return;
      }
    };
    return context.with(trace.setSpan(context.active(), span), work).finally(end);
  };
}

function spanAttributes(message: RequestMessage): Attributes {
  const { method, origin, path, purpose, resends } = message;
  return {
    ...requestAttributes(message),
    ...(!isKnownMethod(method) && { 'http.request.method_original': method }),
    'url.full': `${origin}${path}`,
    'webex_auth.purpose': purpose,
    ...(resends > 0 && { 'http.request.resend_count': resends }),
  };
}

function traced({ trackingId }: TracedOutcome): Attributes {
  return trackingId === undefined ? {} : { 'webex_auth.tracking_id': trackingId };
}
