/** The options of `postern tcp` as they were given. */
export interface TcpOptions {
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
  readonly serviceAccount?: string
  readonly serviceAccountFile?: string
  readonly logFormat: 'human' | 'json'
}
