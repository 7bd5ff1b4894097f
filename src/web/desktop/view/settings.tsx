import type { ReactNode } from 'react'
import type { ConnectionView, ShownSettings } from '../../../desktop/wire/view.ts'
import { Card } from '../card.tsx'
import { Facts } from '../facts.tsx'
import { hostOf } from '../word-parts.ts'
import { words } from '../words.ts'

const { one: said } = words

/** What somebody has said of the connection. */
export function Settings({ connection }: { readonly connection: ConnectionView }): ReactNode {
  const { settings, gateway, file } = connection
  return (
    <Card title={said.settings}>
      <Facts
        facts={[
          [said.destination, settings.destination],
          [words.form.protocol, settings.protocol === 'udp' ? words.form.udp : words.form.tcp],
          [said.gateway, gateway === undefined ? undefined : hostOf(gateway)],
          [said.tags, settings.tags.length === 0 ? said.none : settings.tags.join(', ')],
          [said.launch, settings.start_at_launch ? said.yes : said.no],
          [said.trust, trustOf(settings)],
          [said.client, clientOf(settings)],
          [said.source, settings.source],
          [said.file, file],
        ]}
      />
    </Card>
  )
}

function trustOf(settings: ShownSettings): string {
  if (settings.disable_tls_verification) return said.noTrust
  if (settings.ca_cert !== undefined) return said.pastedTrust
  return settings.ca_file ?? said.systemTrust
}

function clientOf(settings: ShownSettings): string {
  if (settings.client_cert !== undefined) return said.pasted
  if (settings.client_cert_file !== undefined) return settings.client_cert_file
  return settings.client_cert_from_store === undefined ? said.none : said.fromStore
}
