import type { JWTPayload } from 'jose'
import { findCookie, formatSetCookie } from './cookies.ts'
import { seal, unseal } from './sealed.ts'
import type { Session } from './session.ts'
import type { NamedSession } from './tokens.ts'

/** The browser's cookie that names a session. It serves pages; a tunnel never takes it. */
export interface SessionCookie {
  /** The `Set-Cookie` value for a session, from one moment to the other. */
  issue(session: Pick<Session, 'id' | 'issuedAtMs' | 'expiresAtMs'>): Promise<string>
  /** What a `Cookie` header holds, past its end too; undefined when there is none of ours. */
  read(cookieHeader: string | undefined): Promise<NamedSession | undefined>
  /** The `Set-Cookie` value that makes a browser forget it. */
  clear(): string
}

/** Cookies of former keys are read, and none is made by one. */
export function createSessionCookie(
  name: string,
  key: Uint8Array,
  formerKeys: readonly Uint8Array[] = [],
): SessionCookie {
  async function open(text: string): Promise<JWTPayload | undefined> {
    for (const each of [key, ...formerKeys]) {
      const payload = await unseal(each, text)
      if (payload !== undefined) return payload
    }
    return undefined
  }

  return {
    async issue({ id, issuedAtMs, expiresAtMs }) {
      const maxAgeSeconds = Math.floor((expiresAtMs - issuedAtMs) / 1000)
      return formatSetCookie(name, await seal(key, { sid: id, end: expiresAtMs }), maxAgeSeconds)
    },
    async read(cookieHeader) {
      const text = findCookie(cookieHeader, name)
      const payload = text === undefined ? undefined : await open(text)
      const { sid: sessionId, end } = payload ?? {}
      if (typeof sessionId !== 'string') return undefined
      return { sessionId, endsAtMs: typeof end === 'number' ? end : undefined }
    },
    clear: () => formatSetCookie(name, '', 0),
  }
}
