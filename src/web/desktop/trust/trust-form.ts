import type { ShownSettings } from '../../../desktop/wire/view.ts'

/** Where the client certificate comes from. */
export type ClientSource = 'none' | 'files' | 'text' | 'store'

/** How a gateway is trusted and what it is shown, as somebody types it. */
export interface TrustForm {
  readonly disableTls: boolean
  readonly caFile: string
  readonly caText: string
  readonly client: ClientSource
  readonly certFile: string
  readonly keyFile: string
  readonly certText: string
  /** Typed now; one that is kept is never shown. */
  readonly keyText: string
}

export const emptyTrust: TrustForm = {
  disableTls: false,
  caFile: '',
  caText: '',
  client: 'none',
  certFile: '',
  keyFile: '',
  certText: '',
  keyText: '',
}

type TrustSettings = Pick<
  ShownSettings,
  | 'disable_tls_verification'
  | 'ca_file'
  | 'ca_cert'
  | 'client_cert_file'
  | 'client_key_file'
  | 'client_cert'
  | 'client_cert_from_store'
  | 'has_client_key'
>

export function trustFormOf(settings: TrustSettings): TrustForm {
  return {
    disableTls: settings.disable_tls_verification,
    caFile: settings.ca_file ?? '',
    caText: settings.ca_cert ?? '',
    client: clientSourceOf(settings),
    certFile: settings.client_cert_file ?? '',
    keyFile: settings.client_key_file ?? '',
    certText: settings.client_cert ?? '',
    keyText: '',
  }
}

function clientSourceOf(settings: TrustSettings): ClientSource {
  if (settings.client_cert !== undefined || settings.has_client_key) return 'text'
  if (settings.client_cert_file !== undefined || settings.client_key_file !== undefined)
    return 'files'
  return settings.client_cert_from_store === undefined ? 'none' : 'store'
}

/** What is sent of it: what is empty, or belongs to another choice, is left out. */
export function trustInputOf(form: TrustForm): TrustInput {
  const { client } = form
  return {
    disable_tls_verification: form.disableTls,
    ...filled({ ca_file: form.caFile.trim(), ca_cert: form.caText.trim() }),
    ...(client === 'files' &&
      filled({ client_cert_file: form.certFile.trim(), client_key_file: form.keyFile.trim() })),
    ...(client === 'text' &&
      filled({ client_cert: form.certText.trim(), client_key: form.keyText.trim() })),
  }
}

export interface TrustInput {
  readonly disable_tls_verification: boolean
  readonly ca_file?: string
  readonly ca_cert?: string
  readonly client_cert_file?: string
  readonly client_key_file?: string
  readonly client_cert?: string
  readonly client_key?: string
}

function filled<T extends Readonly<Record<string, string>>>(texts: T): Partial<T> {
  return Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== '')) as Partial<T>
}

/** The keys that its fields stand for. */
export const trustKeys = [
  'disable_tls_verification',
  'ca_file',
  'ca_cert',
  'client_cert_file',
  'client_key_file',
  'client_cert',
  'client_key',
  'client_cert_from_store',
] as const

export interface TrustFieldsProps {
  readonly form: TrustForm
  readonly change: (change: Partial<TrustForm>) => void
  /** What is wrong with a key of the settings. */
  readonly faultOf: (key: string) => string | undefined
  /** Whether a key is kept with it already. */
  readonly hasKey?: boolean
  /** Which certificate of the system's store it names, where it does. */
  readonly storeFilter?: string
}
