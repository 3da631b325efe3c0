export {
  WebexAuth,
  type Grants,
  type LoginSettings,
  type ReceivedWebhook,
  type WebexAuthOptions,
} from './webex-auth.js';
export { Webex, type WebexConfiguration, type WebexOptions } from './webex.js';
export type { CreateJwtOptions, WebexAuthorization } from './webex-authorization.js';
export type { LoginUrlOptions, WebexCredentials } from './webex-credentials.js';
export type { WebexServices } from './webex-services.js';
export type { DeviceOptions, DevicePrompt, GuestOptions } from './assembly-principals.js';
export type { OwnerToken, ServiceAppSettings } from './assembly-renewal.js';
export type { ValidateOptions, Validation } from './assembly-validation.js';
export { KeyRing } from './sealing/key-ring.js';
export { memoryStore } from './stores/memory-store.js';
export type { Store } from './stores/store.js';
export type { AuditEntry } from './stores/audit-log.js';
export type { AccessToken, TokenOptions } from './oauth/token-source.js';
export type { Person } from './oauth/person.js';
export type { Supertoken } from './vault/supertoken.js';
export type { GrantDescription, GrantSummary } from './vault/grant-summary.js';
export type { Disconnected } from './assembly.js';
export type { ClientOptions } from './config/client-options.js';
export type { Phase, PhaseTiming, WebexAuthEvents } from './events.js';
export type { Clock } from './base/clock.js';
export type { Fetch } from './base/fetch.js';
export type { Transport } from './http/transport.js';
export { readServiceAppEvent, webhookSignatureMatches, type ServiceAppEvent } from './platform/webhooks.js';
export * from './errors.js';
export * from './error-aliases.js';
