import { emptyTrust, type TrustForm } from '../trust/trust-form.ts'

/** What was typed of a gateway the last time, for the next. */
export interface GatewayForm {
  readonly gateway: string
  readonly tags: readonly string[]
  readonly trust: TrustForm
}

const emptyGateway: GatewayForm = { gateway: '', tags: [], trust: emptyTrust }
const name = 'postern-gateway'

/** What this browser has remembered, or nothing: it may hold what an earlier version wrote. */
export function rememberedGateway(): GatewayForm {
  try {
    const kept = JSON.parse(localStorage.getItem(name) ?? '{}') as Partial<GatewayForm>
    return {
      ...emptyGateway,
      ...(typeof kept.gateway === 'string' && { gateway: kept.gateway }),
      ...(Array.isArray(kept.tags) && { tags: kept.tags.map(String) }),
      trust: { ...emptyTrust, ...kept.trust, keyText: '' },
    }
  } catch {
    return emptyGateway
  }
}

/** A private key is not remembered, nor the certificate that would need it. */
export function rememberGateway({ gateway, tags, trust }: GatewayForm): void {
  const isText = trust.client === 'text'
  const kept: GatewayForm = {
    gateway,
    tags,
    trust: { ...trust, keyText: '', ...(isText && { client: 'none', certText: '' }) },
  }
  try {
    localStorage.setItem(name, JSON.stringify(kept))
  } catch {
    // A browser that keeps nothing.
  }
}
