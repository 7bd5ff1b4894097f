import { findCookie, formatSetCookie } from './cookies.ts'
import { seal, unseal } from './sealed.ts'
import type { Session } from './session.ts'

/** The browser's cookie that names a session. It serves pages; a tunnel never takes it. */
export interface SessionCookie {
  /** The `Set-Cookie` value for a session. */
  issue(session: Session): Promise<string>
  /** The session id that a `Cookie` header holds; undefined when there is none of ours. */
  read(cookieHeader: string | undefined): Promise<string | undefined>
  /** The `Set-Cookie` value that makes a browser forget it. */
  clear(): string
}

export function createSessionCookie(name: string, key: Uint8Array): SessionCookie {
  return {
    async issue({ id, issuedAtMs, expiresAtMs }) {
      const maxAgeSeconds = Math.floor((expiresAtMs - issuedAtMs) / 1000)
      return formatSetCookie(name, await seal(key, { sid: id }), maxAgeSeconds)
    },
    async read(cookieHeader) {
      const text = findCookie(cookieHeader, name)
      const payload = text === undefined ? undefined : await unseal(key, text)
      return typeof payload?.['sid'] === 'string' ? payload['sid'] : undefined
    },
    clear: () => formatSetCookie(name, '', 0),
  }
}
