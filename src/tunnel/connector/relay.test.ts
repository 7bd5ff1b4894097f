import type { Duplex } from 'node:stream'
import { relaySuite, type TransportPair } from '../../net/relay.suite.ts'
import { always, openEnds } from './ends.fixture.ts'

// The gateway's relay has the stream as its upstream, the connector's as its client.
relaySuite({
  name: 'a stream of a connector, at the gateway',
  tellsReset: true,
  isUpstream: true,
  open: async () => {
    const { atGateway, atConnector, close } = await openStream()
    return { near: atConnector, far: atGateway, close }
  },
})
relaySuite({
  name: 'a stream of a connector, at the connector',
  tellsReset: true,
  open: async () => {
    const { atGateway, atConnector, close } = await openStream()
    return { near: atGateway, far: atConnector, close }
  },
})

async function openStream(): Promise<
  Pick<TransportPair, 'close'> & { readonly atGateway: Duplex; readonly atConnector: Duplex }
> {
  const { promise, resolve } = Promise.withResolvers<Duplex>()
  const ends = await openEnds({ onStream: (offer) => resolve(offer.accept()) })
  const [atGateway, atConnector] = await Promise.all([
    ends.gateway.openStream({ authority: 'service:1', grant: '' }, always),
    promise,
  ])
  return { atGateway, atConnector, close: () => ends[Symbol.dispose]() }
}
