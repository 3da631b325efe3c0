/** A token with what came beside it, under the names of Webex's own SDK and of RFC 6749, 5.1. */
export interface TokenSettings {
  /** The token, alone or after `Bearer`. */
  access_token?: string | undefined;
  refresh_token?: string | undefined;
  /** When the access token ends, milliseconds since the epoch. Wins over `expires_in`. */
  expires?: number | undefined;
  /** How long the access token lives from now, seconds. */
  expires_in?: number | undefined;
  /** When the refresh token ends, milliseconds since the epoch. Wins over `refresh_token_expires_in`. */
  refresh_token_expires?: number | undefined;
  /** How long the refresh token lives from now, seconds. */
  refresh_token_expires_in?: number | undefined;
  /** What the token may do, as a list or separated by spaces. */
  scope?: string | readonly string[] | undefined;
  /** Only `Bearer`. */
  token_type?: string | undefined;
}

/** A token one level further down, as Webex's own SDK has it. */
export interface AuthorizationSettings extends TokenSettings {
  supertoken?: string | TokenSettings | undefined;
}

/** A guest issuer of the developer portal: signs guests' JWTs (webex-facts 5.1). */
export interface GuestIssuerSettings {
  /** Guest Issuer ID. */
  issuer: string;
  /** Its shared secret, base64 as the portal shows it. */
  secret: string;
}

// A method's parameters may be narrowed by whoever writes the function: `(webex: Webex) => …`.
interface JwtRefreshMethod {
  call(webex: object): string | Promise<string>;
}

/** Gives a guest's new JWT; Webex's own SDK hands it the instance. */
export type JwtRefreshCallback = JwtRefreshMethod['call'];

/** Credentials under the names of Webex's own SDK: a client, tokens that exist already, or both. */
export interface CredentialsOptions extends AuthorizationSettings {
  client_id?: string | undefined;
  /** One secret, or several while it is being replaced, newest first. */
  client_secret?: string | readonly string[] | undefined;
  redirect_uri?: string | undefined;
  /** What to ask for; beside an `access_token` and without a client, what the token may do. */
  scope?: string | readonly string[] | undefined;
  /** The OAuth authorization URL that the developer portal shows. The single settings win over what it holds. */
  authorizationString?: string | undefined;
  /** Where people sign in, without parameters. */
  authorizeUrl?: string | undefined;
  clientType?: 'confidential' | undefined;
  clientAuthentication?: 'client_secret_post' | 'client_secret_basic' | undefined;
  /** The service named when logging out at Webex (webex-facts 1.2). */
  cisService?: string | undefined;
  guestIssuer?: GuestIssuerSettings | undefined;
  jwtRefreshCallback?: JwtRefreshCallback | undefined;
  authorization?: string | AuthorizationSettings | undefined;
}

/** The part of Webex's own SDK's configuration that counts here. Its other sections are accepted and do nothing. */
export interface WebexConfig {
  credentials?: CredentialsOptions | string | undefined;
  /** The government's cloud. */
  fedramp?: boolean | undefined;
  /** Addresses of services in place of the service catalog's, by the services' names. */
  services?: { override?: Readonly<Record<string, string>> | undefined } | undefined;
  readonly [section: string]: unknown;
}

/** What `Webex.init` reads its credentials from. A token may sit at any of the places where Webex's own SDK takes one. */
export interface CredentialSources extends AuthorizationSettings {
  authorization?: string | AuthorizationSettings | undefined;
  credentials?: CredentialsOptions | string | undefined;
  config?: WebexConfig | undefined;
}
