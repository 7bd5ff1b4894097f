// How the window's page proves which browser it runs in, and the daemon that it is the one that let this browser in.
// What is signed is put together by `desktop/window/signed-text.ts`, and by `web/desktop/proof/signed-text.ts` for the
// page; binary values are base64url without padding.

/** `GET /hello?nonce=…` */
export interface HelloAnswer {
  /**
   * The SHA-256 of the secret of this run of the window's server. The secret itself is in the page alone, as the content
   * of `<meta name="postern-run">`, which no script can fetch: what another program's page signs has it not.
   */
  readonly run: string
  /** Milliseconds since that run began, by a clock that nobody sets. */
  readonly at: number
  /** By the daemon's key, of the run, the time and the nonce that was asked with. */
  readonly signature: string
}

/** `POST /enter`, signed with the key that is to be let in. */
export interface EnterInput {
  /** As it stood behind `#code=` in the address. */
  readonly code: string
  /** What the browser calls itself. */
  readonly name: string
}

export interface EnterAnswer {
  /** The daemon's public key, an uncompressed point of P-256. */
  readonly daemon: string
}

/** `POST /window`, by the daemon's socket alone: the address that lets one browser in, once. */
export interface WindowAnswer {
  readonly url: string
  /** Where the window is for browsers that are in already. */
  readonly origin: string
  /** How long the address lets somebody in, in seconds. */
  readonly seconds: number
}
