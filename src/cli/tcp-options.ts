import type { TransportChoice } from '../client/transport.ts'

import type { ServiceAccountOptions } from './service-account.ts'

/** The options of `postern tcp` as they were given. */
export interface TcpOptions extends ServiceAccountOptions {
  readonly listen: string
  readonly gateway?: string
  readonly pomeriumUrl?: string
  readonly gatewayUrl?: string
  readonly caFile?: string
  readonly alternateCaPath?: string
  readonly caCert?: string
  readonly disableTlsVerification?: boolean
  readonly clientCert?: string
  readonly clientKey?: string
  readonly browserCmd?: string
  readonly deviceLogin?: boolean
  readonly transport: TransportChoice
  readonly logFormat: 'human' | 'json'
}
