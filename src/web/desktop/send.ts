import { signedFetch } from './proof.ts'

/** Sends one request to the daemon, as `fetch` does: the one place that says how a request is made. */
export const send = signedFetch
