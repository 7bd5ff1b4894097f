/** What a tool is told when its tunnel is cut, of any characters. */
export interface LastWords {
  /** What has happened, as one sentence. */
  readonly message: string
  /** What its user can do about it; empty where that is not known. */
  readonly hint: string
}

/**
 * Follows what a tunnel carries, in whatever pieces it comes, to know when a message of its protocol may be said to
 * the client. It keeps no byte beyond the head of a message, changes none and never throws: of a stream that does not
 * speak the protocol, or goes on in a way that cannot be followed, nothing is ever told.
 */
export interface Follower {
  /** Bytes that were passed on to the service. */
  readonly fromClient: (bytes: Uint8Array) => void
  /** Bytes that were passed on to the client. */
  readonly fromService: (bytes: Uint8Array) => void
  /** The whole message with which the stream to the client may end here; undefined where none may stand. */
  readonly tell: (words: LastWords) => Buffer | undefined
}
