import { AppError, PeerError } from '../../errors.ts'
import type { Admission } from '../../publish/named-tunnels.ts'
import type { FromGateway } from '../../tunnel/connector/protocol.ts'

/** Why a connector is not taken, as it is told. */
export type Refusal = Omit<Extract<FromGateway, { readonly type: 'refused' }>, 'type'>

type Fault = Extract<Admission, { readonly fault: string }>['fault']

const admissionFaults: Readonly<Record<Fault, Omit<Refusal, 'code' | 'retry'>>> = {
  'unknown-tunnel': {
    message: 'this gateway has no tunnel with the id of this credential',
    next: 'use the token of a tunnel of this gateway ("postern tunnel list", "postern tunnel token NAME")',
  },
  'wrong-secret': {
    message:
      'this connection does not prove the secret of its tunnel: the credential has a wrong secret (replaced or mistyped), or something between here and the gateway ends TLS',
    next: 'take the token of now with "postern tunnel token NAME"; where that is the one in use, give connectors a way that leaves TLS alone',
  },
  'tunnel-deleted': {
    message: 'the tunnel of this credential was deleted',
    next: 'make another one with "postern tunnel create NAME", and use its token',
  },
}

/** For one whom `NamedTunnels.admit` does not let in: trying again would change nothing. */
export function notAdmitted(fault: Fault): Refusal {
  return { code: fault, ...admissionFaults[fault], retry: false }
}

export const untrustedKeys: Refusal = {
  code: 'grant-keys-unknown',
  message: 'no key that this credential trusts is one of this gateway: it could open nothing',
  next: 'take the token of now with "postern tunnel token NAME"',
  retry: false,
}

/** The first word of a connector that is older or newer: it would wait for ever, or send its secret. */
export const unproved: Refusal = {
  code: 'unproved-registration',
  message: 'a connector proves the secret of its tunnel before it registers, and this one does not',
  next: 'use the "postern" of the same release as the gateway',
  retry: false,
}

/** A proof there would be none (RFC 9266 §4.2). */
export const oldTls: Refusal = {
  code: 'tls-too-old',
  message: 'this connection comes with TLS 1.2: something between here and the gateway ends TLS',
  next: 'give connectors a way that leaves TLS alone',
  retry: false,
}

export const malformedId: Refusal = {
  code: 'malformed-registration',
  message: 'the id of the connector is none: letters, digits and "-", at most 64',
  next: 'use the "postern" of the same release as the gateway',
  retry: false,
}

export function tooManyConnections(name: string, max: number): Refusal {
  return {
    code: 'too-many-connections',
    message: `the tunnel "${name}" has ${max} connections of connectors, and no more are taken`,
    next: 'stop some of its connectors; this one tries again',
    retry: true,
  }
}

export const leaving: Refusal = {
  code: 'gateway-leaving',
  message: 'this gateway is stopping or restarting',
  next: 'the connector tries again',
  retry: true,
}

/** For what hinders a host name: its own words where they are for the publisher, and none of ours. */
export function notPublished(error: unknown): Refusal {
  if (error instanceof PeerError) {
    const { code, message, hint = '' } = error
    return { code, message, next: hint, retry: code === 'tunnel-busy' }
  }
  return {
    code: error instanceof AppError ? error.code : 'internal-error',
    message: 'the gateway could not register the host names of this connector',
    next: 'its log says why; the connector tries again',
    retry: true,
  }
}
