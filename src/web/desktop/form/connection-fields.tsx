import { Stack, Switch, TextInput } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import type { Problem } from '../../../desktop/wire/calls.ts'
import type { ConnectionView } from '../../../desktop/wire/view.ts'
import { SelectField } from '../../ui/select-field.tsx'
import { faultAt } from '../problems.ts'
import { TagsField } from '../tags-field.tsx'
import { TrustFields } from '../trust/trust-fields.tsx'
import { emptyTrust, trustKeys } from '../trust/trust-form.ts'
import { words } from '../words.ts'
import type { ConnectionForm } from './connection-form.ts'

const { form: said } = words

/** The keys of settings that stand in the form. */
export const formKeys: readonly string[] = [
  'name',
  'protocol',
  'destination',
  'listen',
  'start_at_launch',
  'tags',
  'gateway',
  ...trustKeys,
]

const protocols = [
  { value: 'tcp', label: said.tcp },
  { value: 'udp', label: said.udp },
] as const

export interface ConnectionFieldsProps {
  readonly form: ConnectionForm
  readonly change: (change: Partial<ConnectionForm>) => void
  readonly problems: readonly Problem[]
  readonly connection: ConnectionView | undefined
}

export function ConnectionFields(props: ConnectionFieldsProps): ReactNode {
  const { form, change, problems, connection } = props
  const fault = (key: string): string | undefined => faultAt(problems, key)
  const isOwnAddress = connection !== undefined && connection.settings.listen === undefined
  return (
    <Stack gap="md">
      <TextInput
        label={said.name}
        description={said.nameHint}
        error={fault('name')}
        required
        value={form.name}
        onChange={({ currentTarget }) => change({ name: currentTarget.value })}
      />
      <SelectField
        label={said.protocol}
        value={form.protocol}
        options={protocols}
        onChange={(protocol) => change({ protocol })}
      />
      <TextInput
        label={said.destination}
        description={said.destinationHint}
        error={fault('destination')}
        required
        spellCheck={false}
        value={form.destination}
        onChange={({ currentTarget }) => change({ destination: currentTarget.value })}
      />
      <TextInput
        label={said.listen}
        description={said.listenHint}
        error={fault('listen')}
        spellCheck={false}
        {...(isOwnAddress && { placeholder: said.ownAddress(connection.address) })}
        value={form.listen}
        onChange={({ currentTarget }) => change({ listen: currentTarget.value })}
      />
      <Switch
        label={said.startAtLaunch}
        checked={form.startAtLaunch}
        onChange={({ currentTarget }) => change({ startAtLaunch: currentTarget.checked })}
      />
      <TagsField value={form.tags} error={fault('tags')} onChange={(tags) => change({ tags })} />
      <Advanced {...props} fault={fault} />
    </Stack>
  )
}

interface AdvancedProps extends ConnectionFieldsProps {
  readonly fault: (key: string) => string | undefined
}

/** Open where something in it is set or wrong. */
function Advanced({ form, change, connection, fault }: AdvancedProps): ReactNode {
  const hasFault = ['gateway', ...trustKeys].some((key) => fault(key) !== undefined)
  const [isOpen, setOpen] = useState(
    form.gateway !== '' || JSON.stringify(form.trust) !== JSON.stringify(emptyTrust),
  )
  const store = connection?.settings.client_cert_from_store
  return (
    <details
      className="advanced"
      open={isOpen || hasFault}
      onToggle={({ currentTarget }) => setOpen(currentTarget.open)}
    >
      <summary>{said.advanced}</summary>
      <Stack gap="md">
        <TextInput
          label={said.gateway}
          description={said.gatewayHint}
          error={fault('gateway')}
          spellCheck={false}
          value={form.gateway}
          onChange={({ currentTarget }) => change({ gateway: currentTarget.value })}
        />
        <TrustFields
          form={form.trust}
          change={(changed) => change({ trust: { ...form.trust, ...changed } })}
          faultOf={fault}
          hasKey={connection?.settings.has_client_key ?? false}
          {...(store !== undefined && {
            storeFilter: [store.issuer, store.subject].filter(Boolean).join(', '),
          })}
        />
      </Stack>
    </details>
  )
}
