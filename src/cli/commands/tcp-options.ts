import type { TransportChoice } from '../../client/ways/transport.ts'
import type { AskOptions } from '../asking/ask-options.ts'

/** The options of `postern tcp` as they were given. */
export interface TcpOptions extends AskOptions {
  readonly listen: string
  readonly gateway?: string
  readonly pomeriumUrl?: string
  readonly gatewayUrl?: string
  readonly deviceLogin?: boolean
  readonly sameUser?: boolean
  readonly transport: TransportChoice
  readonly logFormat: 'human' | 'json'
}
