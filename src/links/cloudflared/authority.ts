// Stock connectors verify two fixed names of another company's, for which nobody else gets a certificate. So the
// gateway is its own authority for these, and connectors are started with its certificate (`TUNNEL_CACERT`).
import type { Clock } from '../../clock.ts'
import { messageOf } from '../../errors.ts'
import type { Logger } from '../../log.ts'
import type { CertificateAuthority, CertificatePair } from '../../net/certificate.ts'
import { oneByOne } from '../../one-by-one.ts'
import type { SigningKey, SigningKeys } from '../../identity/signing-keys.ts'
import { connectorServerName, probeServerName } from './server-names.ts'

const dayMs = 86_400_000
/** How far the clock of a connector may be behind. */
const backdatedMs = 7 * dayMs
const lifeMs = 90 * dayMs
const renewAfterMs = 30 * dayMs
const retryMs = 60_000
/** The authority itself: whoever has its file keeps it as long as the machine. */
const authorityYears = 20

export interface ConnectorAuthorityParts {
  readonly signingKeys: Pick<SigningKeys, 'all' | 'onChanged'>
  readonly clock: Clock
  readonly logger: Logger
}

/** The authority that stock connectors are told to trust. */
export interface ConnectorAuthority {
  /** The file for connectors, PEM: every key's certificate, so that those of before a rotation stay right. */
  file(): Promise<string>
  /** What its certificate is for. */
  readonly serverNames: readonly string[]
  /**
   * Once it is wanted, calls back with a certificate for both names: then, whenever it is renewed and when another key
   * signs it, until it is disposed of.
   */
  keepCertificate(
    use: (serverNames: readonly string[], pair: CertificatePair) => void,
  ): KeptCertificate
}

export interface KeptCertificate extends Disposable {
  /** Resolves once the first was handed over, or could not be made, which the log says. */
  wanted(): Promise<void>
}

export function createConnectorAuthority(parts: ConnectorAuthorityParts): ConnectorAuthority {
  const { signingKeys, clock, logger } = parts
  const serverNames = [connectorServerName, probeServerName]
  /** Certificates by the names of their keys: anybody may ask for them, and each costs a signature. */
  const made = new Map<string, Promise<string>>()

  /** The one before, until it is forgotten: by then every connector is to have the file with the new one. */
  async function signingKey(): Promise<SigningKey> {
    const key = (await signingKeys.all('connector-ca')).at(-1)
    if (key === undefined) throw new TypeError('there is always a key')
    return key
  }

  function certificateOf(key: SigningKey): Promise<string> {
    const making = made.get(key.kid) ?? openAuthority(key).then(({ cert }) => cert)
    made.set(key.kid, making)
    making.catch(() => made.delete(key.kid))
    return making
  }

  async function issue(key: SigningKey): Promise<CertificatePair> {
    const authority = await openAuthority(key)
    const nowMs = clock.now()
    return authority.issue(serverNames, {
      notBefore: new Date(nowMs - backdatedMs),
      notAfter: new Date(nowMs + lifeMs),
    })
  }

  return {
    serverNames,
    async file() {
      const keys = await signingKeys.all('connector-ca')
      return (await Promise.all(keys.map(certificateOf))).join('')
    },
    keepCertificate(use) {
      let isOver = false
      let timer: Disposable | undefined
      let signedBy: string | undefined
      let first: Promise<void> | undefined
      const inTurn = oneByOne()
      const again = (afterMs: number): void => {
        timer?.[Symbol.dispose]()
        timer = clock.schedule(afterMs, () => void inTurn(renew))
      }
      async function renew(): Promise<void> {
        try {
          const key = await signingKey()
          const pair = await issue(key)
          if (isOver) return
          use(serverNames, pair)
          signedBy = key.kid
          again(renewAfterMs)
        } catch (error) {
          if (isOver) return
          logger.error('no certificate for stock connectors', { error: messageOf(error) })
          again(retryMs)
        }
      }
      async function renewWhereForgotten(): Promise<void> {
        // What cannot be read now is found out by the renewal.
        const key = await signingKey().catch(() => undefined)
        if (!isOver && key?.kid !== signedBy) await renew()
      }
      const following = signingKeys.onChanged(
        () => first !== undefined && void inTurn(renewWhereForgotten),
      )
      return {
        wanted: () => (first ??= isOver ? Promise.resolve() : inTurn(renew)),
        [Symbol.dispose]() {
          isOver = true
          following[Symbol.dispose]()
          timer?.[Symbol.dispose]()
        },
      }
    },
  }
}

/**
 * The certificate is made anew from its key each time, and is the same to whoever has an earlier copy: its name, key
 * and dates are.
 */
async function openAuthority(key: SigningKey): Promise<CertificateAuthority> {
  // A third of a gateway's start, and few gateways have stock connectors.
  const { authorityFromKey } = await import('../../net/certificate.ts')
  const madeMs = key.createdAtMs
  return authorityFromKey(key.privateKey, {
    name: `Postern connectors ${key.kid.slice(0, 8)}`,
    notBefore: new Date(madeMs - backdatedMs),
    notAfter: new Date(madeMs + authorityYears * 365 * dayMs),
  })
}
