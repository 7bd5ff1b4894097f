import { errors, jwtVerify, type JWTPayload } from 'jose'
import { systemClock, type Clock } from '../clock.ts'
import { AppError, messageOf, PeerError } from '../errors.ts'
import {
  grantAudience,
  grantType,
  maxClockSkewS,
  maxGrantLifeS,
  type GrantClaims,
} from './grant.ts'
import type { GrantKeys } from './grant-keys.ts'
import { createUsedOnce } from './used-once.ts'

/** @limit bytes of a signed grant: the connector refuses it */
const maxGrantBytes = 8 * 1024
/** @limit characters of the name of a grant, by which its use is remembered: the connector refuses it */
const maxJtiChars = 64

export interface GrantVerifierOptions {
  readonly tunnelId: string
  /** New for each start of the process. */
  readonly connectorId: string
  readonly keys: Pick<GrantKeys, 'find'>
  readonly clock?: Clock | undefined
}

/** Decides whether the connector dials. One for all connections of a process: a grant is used once. */
export interface GrantVerifier {
  /**
   * What a grant says. From this call on it is used.
   *
   * @throws PeerError `bad-grant`, with the reason in words for the log; `busy` where so many came that it
   * can no longer be told which were used
   */
  verify(grant: string): Promise<GrantClaims>
}

export function createGrantVerifier({
  tunnelId,
  connectorId,
  keys,
  clock = systemClock,
}: GrantVerifierOptions): GrantVerifier {
  const audience = grantAudience(tunnelId, connectorId)
  const used = createUsedOnce(clock)

  async function read(grant: string): Promise<JWTPayload> {
    if (grant === '') throw bad('there is none')
    if (grant.length > maxGrantBytes) throw bad('it is too long')
    const { payload, protectedHeader } = await jwtVerify(grant, keys.find, {
      algorithms: ['EdDSA'],
      typ: grantType,
      currentDate: new Date(clock.now()),
      clockTolerance: maxClockSkewS,
    })
    // Its key may have been forgotten while it was verified.
    keys.find(protectedHeader)
    return payload
  }

  return {
    async verify(grant) {
      const claims = claimsOf(await read(grant).catch((error) => refuse(error, clock.now())))
      const nowS = clock.now() / 1000
      for (const name of audience) {
        if (!claims.aud.includes(name)) throw bad(`it is not for "${name}"`)
      }
      if (claims.exp - claims.iat > maxGrantLifeS) throw bad('it lives too long')
      if (claims.iat - nowS > maxClockSkewS) {
        throw bad(`it was made ${inSeconds(claims.iat - nowS)} from now, ${clockWords}`)
      }
      if (!used.take(claims.jti, (claims.exp + maxClockSkewS) * 1000)) {
        throw bad('it was used before')
      }
      return claims
    },
  }
}

/** Part of the sentence, since both logs have that and nothing else. */
const clockWords =
  'by the clock of the connector: compare the clocks of its machine and of the gateway'

function inSeconds(seconds: number): string {
  return `${Math.ceil(seconds)} s`
}

function claimsOf(payload: JWTPayload): GrantClaims {
  const { iss, aud, sub, jti, iat, exp } = payload
  const { route, hostname, service, bastion, request } = payload
  const texts = [iss, sub, jti, route, hostname, request, service ?? '']
  const areTexts = texts.every((text) => typeof text === 'string')
  const areTimes = [iat, exp].every((time) => Number.isFinite(time))
  if (!areTexts || !areTimes || !Array.isArray(aud) || !jti) throw bad('it lacks a claim')
  if (bastion !== undefined && bastion !== true) throw bad('its "bastion" is not true')
  if (jti.length > maxJtiChars) throw bad('its name is too long')
  const claims = { iss, aud, sub, route, hostname, service, request, jti, iat, exp }
  return { ...claims, ...(bastion && { bastion }) } as GrantClaims
}

function refuse(error: unknown, nowMs: number): never {
  if (error instanceof AppError) throw error
  if (!(error instanceof errors.JWTExpired)) throw bad(messageOf(error))
  const ago = inSeconds(nowMs / 1000 - Number(error.payload.exp))
  throw bad(`it has expired ${ago} ago, ${clockWords}`)
}

function bad(what: string): PeerError {
  return new PeerError('bad-grant', `the grant of a stream is not taken: ${what}`)
}
