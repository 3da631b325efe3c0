/** A session as the store keeps it. The id itself is never stored. Instants are milliseconds since the epoch. */
export interface SessionRecord {
  /** Hash of the session id. */
  readonly idHash: string;
  readonly tenant: string;
  readonly subject: string;
  readonly createdAt: number;
  readonly seenAt: number;
  /** Absolute end. */
  readonly expiresAt: number;
}

/** Keeps the sessions of the login handler. */
export interface SessionStore {
  create(session: SessionRecord): Promise<void>;
  read(idHash: string): Promise<SessionRecord | undefined>;
  /** Notes activity; unknown ids are ignored. */
  touch(idHash: string, seenAt: number): Promise<void>;
  /** True when there was one. */
  delete(idHash: string): Promise<boolean>;
  /** Ends all sessions of a subject. Returns how many. */
  deleteBySubject(tenant: string, subject: string): Promise<number>;
  /** Newest first. */
  list(tenant: string, subject: string): Promise<SessionRecord[]>;
  /** Drops sessions whose absolute end is at or before `before`. Returns how many. */
  purge(before: number): Promise<number>;
}
