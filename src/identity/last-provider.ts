import { findCookie, formatSetCookie } from './cookies.ts'

/** Which provider somebody has chosen last in a browser; nothing to rely on. */
export interface LastProvider {
  /** The id of one that there may be no more; undefined for a browser that has chosen none. */
  read(cookieHeader: string | undefined): string | undefined
  /** The `Set-Cookie` value that keeps a choice. */
  keep(id: string): string
}

/** @limit none: how long a browser remembers it; browsers keep no cookie longer than 400 days */
const lifeSeconds = 400 * 24 * 3600

export function createLastProvider(cookieName: string): LastProvider {
  const name = `${cookieName}_provider`
  return {
    read: (cookieHeader) => findCookie(cookieHeader, name),
    keep: (id) => formatSetCookie(name, id, lifeSeconds),
  }
}
