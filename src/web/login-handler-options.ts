import type { Clock } from '../base/clock.js';
import type { CustomFields } from '../base/custom-fields.js';
import type { Person } from '../oauth/person.js';
import type { TokenSet } from '../oauth/token-set.js';
import type { Login } from './login.js';
import type { Sessions } from './sessions.js';

/** A value now or later. */
export type Awaitable<Value> = Value | Promise<Value>;

/** A grant that a login brought, to be stored before anybody is told. */
export interface GrantedLogin {
  readonly subject: string;
  readonly tokenSet: TokenSet;
  readonly person: Person;
  readonly custom: CustomFields | undefined;
  readonly requestedScope: readonly string[];
}

/** A request as the hooks get it. Adapters hand on the `user` that the application's own middleware has set, as Passport does. */
export interface LoginRequest extends Request {
  readonly user?: { readonly id?: string | undefined } | undefined;
}

/** Somebody has signed in; their grant is stored and their session made. */
export interface LoginEvent {
  readonly subject: string;
  readonly person: Person;
  readonly request: Request;
}

/** What `createLoginHandler` needs, and what it lets the app decide. */
export interface LoginHandlerOptions {
  login: Login;
  sessions: Sessions;
  /** As registered at Webex. Its last path segment is the callback's, its origin the one that may post. */
  redirectUri: string;
  clock: Clock;
  /** Stores the grant durably. When it fails nobody is signed in. */
  keep: (grant: GrantedLogin) => Promise<void>;
  /** Asks Webex whose token set this is. */
  identify: (tokenSet: TokenSet, options: { signal: AbortSignal }) => Promise<Person>;
  /** Under which subject the grant is kept; default and fallback: `personSubject`. */
  subject?: ((request: LoginRequest, person: Person) => Awaitable<string | undefined>) | undefined;
  /** The app's own signed-in user; the one who starts a login must finish it. */
  starter?: ((request: LoginRequest) => Awaitable<string | undefined>) | undefined;
  custom?: ((request: LoginRequest, person: Person) => Awaitable<CustomFields | undefined>) | undefined;
  /** Awaited before the answer. When it fails, `onError` hears of it and the person stays signed in. */
  onLogin?: ((event: LoginEvent) => Awaitable<void>) | undefined;
  /** Hears of every error; a response that it returns replaces the error page. */
  onError?: ((error: unknown, request: Request) => Response | undefined | void) | undefined;
  /** What logout does beyond ending the session. */
  end?: ((subject: string) => Promise<void>) | undefined;
}
