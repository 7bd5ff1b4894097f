import { Checkbox, Fieldset, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useDocumentForm } from '../documents/document-form.ts'
import { FlagKey, parseCount, TextKey, WordsField } from '../documents/fields.tsx'
import { OtherKeys } from '../documents/other-keys.tsx'
import { PolicyEditor } from '../policies/policy-editor.tsx'
import { ApprovalFields } from './approval-fields.tsx'
import { FromField } from './from-field.tsx'
import { PolicyNamesField } from './policy-names-field.tsx'
import './routes.css'
import { ToField } from './to-field.tsx'

/** Keys that the form shows; all others are kept, and shown as YAML. */
export const routeFormKeys: readonly string[] = [
  'from',
  'to',
  'name',
  'id',
  'description',
  'contact',
  'listed',
  'application',
  'namespace',
  'policy_names',
  'policy',
  'policies',
  'allow_any_authenticated_user',
  'allow_public_unauthenticated_access',
  'timeout',
  'idle_timeout',
  'stall_timeout',
  'tell',
  'max_tunnels',
  'approval',
  'break_glass',
]

/** A route as those know it who come from Pomerium's console. */
export function RouteFields(): ReactNode {
  return (
    <Stack gap="md">
      <FromField />
      <ToField />
      <WhoMay />
      <Shown />
      <Limits />
      <ApprovalFields />
      <OtherKeys shownKeys={routeFormKeys} />
    </Stack>
  )
}

function WhoMay(): ReactNode {
  return (
    <Fieldset legend="Who may use it" className="part">
      <Stack gap="md">
        <PolicyNamesField />
        <div>
          <Text fw={600} size="sm" mb={6}>
            Its own policy
          </Text>
          <PolicyEditor label="the route's own policy" />
        </div>
        <div className="form-grid">
          <FlagKey
            name="allow_any_authenticated_user"
            label="Everybody who is signed in"
            description="Service accounts included"
          />
          <FlagKey
            name="allow_public_unauthenticated_access"
            label="Everybody, without signing in"
            description="Whoever reaches the gateway reaches the service"
          />
        </div>
      </Stack>
    </Fieldset>
  )
}

function Shown(): ReactNode {
  const { form, isReadOnly, changeForm } = useDocumentForm()
  return (
    <Fieldset legend="Name and looks" className="part">
      <div className="form-grid">
        <TextKey name="name" label="Name" placeholder="the same as From" />
        <TextKey
          name="id"
          label="Id"
          description="Names it in logs and to programs"
          placeholder="made from From"
        />
        <TextKey name="description" label="Description" description="One line for the portal" />
        <TextKey
          name="contact"
          label="Contact"
          description="Whom to ask for access"
          placeholder="dba@example.com"
        />
        <TextKey
          name="namespace"
          label="Namespace"
          description="Whose administrators may change it"
        />
        <WordsField
          label="Tags"
          description="For finding and changing many at once"
          words={form.tags}
          isReadOnly={isReadOnly}
          onChange={(tags) => changeForm({ ...form, tags })}
        />
        <FlagKey
          name="listed"
          label="Listed"
          description="Shown in the portal to people who may not use it, with whom to ask"
        />
        <FlagKey
          name="application"
          label="Application"
          description="Also for clients such as cloudflared access; needs port 443"
        />
        <Checkbox
          label="Disabled"
          description="Stays here, and nobody can use it"
          checked={form.disabled}
          disabled={isReadOnly}
          onChange={(event) => changeForm({ ...form, disabled: event.currentTarget.checked })}
        />
      </div>
    </Fieldset>
  )
}

function Limits(): ReactNode {
  return (
    <Fieldset legend="Limits" className="part">
      <div className="form-grid">
        <TextKey
          name="timeout"
          label="Session length"
          description="Longest life of a tunnel; 0 for no limit"
          placeholder="0"
        />
        <TextKey
          name="idle_timeout"
          label="Idle timeout"
          description="Ends a tunnel without a byte for so long"
          placeholder="0"
        />
        <TextKey
          name="stall_timeout"
          label="Stall timeout"
          description="Ends one whose service has stopped reading"
          placeholder="1h"
        />
        <TextKey
          name="tell"
          label="Tell"
          description="Tells people's own tools why a tunnel is cut: postgres, mysql or redis"
          placeholder="none: they see a reset"
        />
        <TextKey
          name="max_tunnels"
          label="Tunnels at once"
          description="Everybody's together; 0 for any number"
          placeholder="0"
          parse={parseCount}
        />
      </div>
    </Fieldset>
  )
}
