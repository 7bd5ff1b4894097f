import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { z } from 'zod'
import type { TokenKeyStore } from '../store/store.ts'
import { parseCommand, recordChange, type ChangeParts } from './change.ts'
import type { TokenKeyList, TokenRotation, TokenRotationStep } from './protocol.ts'

/** What the commands about the keys of stored tokens reach inside the running gateway. */
export interface TokenKeyParts extends ChangeParts {
  readonly tokenKeys: TokenKeyStore
  revokeSession(id: string): Promise<boolean>
}

/** @limit a request about keys: 413 */
const maxBodyBytes = 1024

const step = z.strictObject({ after: z.string().max(256) })

/**
 * The part of the control socket that is about keys. A rotation is a question for each step, so that whoever
 * asks may stop between any two; the next rotation goes on with what is left.
 */
export function tokenKeyControl(parts: TokenKeyParts): Hono {
  const { tokenKeys } = parts
  const app = new Hono()
  const current = async (): Promise<string> =>
    (await tokenKeys.list()).find(({ isCurrent }) => isCurrent)?.id ?? ''
  app.use(bodyLimit({ maxSize: maxBodyBytes }))
  app.get('/', async (c) => {
    const keys = (await tokenKeys.list()).map(
      ({ id, setting, createdAtMs, isCurrent, sessions }) => ({
        id,
        from: setting ?? null,
        created_at: new Date(createdAtMs).toISOString(),
        current: isCurrent,
        sessions,
      }),
    )
    return c.json<TokenKeyList>({ keys })
  })
  app.post('/rotation', async (c) => {
    const { isResumed } = await tokenKeys.begin(Date.now())
    const key = await current()
    recordChange(parts, 'token key rotation begun', { key, resumed: isResumed })
    return c.json<TokenRotation>({ key, resumed: isResumed })
  })
  app.post('/rotation/step', async (c) => {
    const { after } = parseCommand(step, await c.req.text())
    const { moved, unreadable, next } = await tokenKeys.move(after)
    for (const id of unreadable) await parts.revokeSession(id)
    if (unreadable.length > 0) {
      const event = 'sessions ended: their stored tokens were changed from outside'
      recordChange(parts, event, { 'session-ids': unreadable })
    }
    if (next === undefined)
      recordChange(parts, 'token key rotation ended', { key: await current() })
    return c.json<TokenRotationStep>({ moved, ended: unreadable, next: next ?? null })
  })
  return app
}
