import type { ConnectionCall } from '../../../desktop/wire/calls.ts'
import type { ShownSettings } from '../../../desktop/wire/view.ts'
import { emptyTrust, trustFormOf, trustInputOf, type TrustForm } from '../trust/trust-form.ts'

/** A connection as somebody types it. */
export interface ConnectionForm {
  readonly name: string
  readonly protocol: 'tcp' | 'udp'
  readonly destination: string
  readonly listen: string
  readonly startAtLaunch: boolean
  readonly tags: readonly string[]
  readonly gateway: string
  readonly trust: TrustForm
}

export const emptyForm: ConnectionForm = {
  name: '',
  protocol: 'tcp',
  destination: '',
  listen: '',
  startAtLaunch: false,
  tags: [],
  gateway: '',
  trust: emptyTrust,
}

/** What is kept of a connection beside what the form shows. */
export type Rest = Pick<ShownSettings, 'client_cert_from_store' | 'source' | 'has_client_key'>

export function formOf(settings: ShownSettings): ConnectionForm {
  return {
    name: settings.name,
    protocol: settings.protocol,
    destination: settings.destination,
    listen: settings.listen ?? '',
    startAtLaunch: settings.start_at_launch,
    tags: settings.tags,
    gateway: settings.gateway ?? '',
    trust: trustFormOf(settings),
  }
}

/** What is sent to save it. */
export function callOf(form: ConnectionForm, rest?: Rest): ConnectionCall {
  const { listen, gateway, trust } = form
  const store = rest?.client_cert_from_store
  return {
    name: form.name.trim(),
    protocol: form.protocol,
    destination: form.destination.trim(),
    start_at_launch: form.startAtLaunch,
    tags: [...form.tags],
    ...(listen.trim() !== '' && { listen: listen.trim() }),
    ...(gateway.trim() !== '' && { gateway: gateway.trim() }),
    ...trustInputOf(trust),
    ...(trust.client === 'store' && store !== undefined && { client_cert_from_store: store }),
    ...(rest?.source !== undefined && { source: rest.source }),
    keep_client_key:
      rest?.has_client_key === true && trust.client === 'text' && trust.keyText.trim() === '',
  }
}

/** What is missing before anybody is asked. */
export function missingOf(form: ConnectionForm): readonly ('name' | 'destination')[] {
  return (['name', 'destination'] as const).filter((key) => form[key].trim() === '')
}

export function isSameForm(one: ConnectionForm, other: ConnectionForm): boolean {
  return JSON.stringify(inOrder(one)) === JSON.stringify(inOrder(other))
}

/** One that was kept may have its keys in another order. */
function inOrder(form: ConnectionForm): unknown {
  const { trust } = form
  const keys = (value: object): unknown =>
    Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return keys({ ...form, trust: keys(trust) })
}
