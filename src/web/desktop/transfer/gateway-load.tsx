import { useState, type ReactNode } from 'react'
import { trustInputOf } from '../trust/trust-form.ts'
import { GatewayStart } from './gateway-start.tsx'
import { rememberedGateway, rememberGateway } from './remembered.ts'
import { RouteChoice } from './route-choice.tsx'

/** From a gateway's address to connections that are up, on one screen. */
export function GatewayLoad(): ReactNode {
  const [form, setForm] = useState(rememberedGateway)
  const [isReady, setReady] = useState(false)
  if (!isReady) {
    return (
      <GatewayStart
        form={form}
        change={setForm}
        ready={() => {
          rememberGateway(form)
          setReady(true)
        }}
      />
    )
  }
  return (
    <RouteChoice
      input={{ gateway: form.gateway.trim(), ...trustInputOf(form.trust) }}
      tags={form.tags}
      changeTags={(tags) => {
        const next = { ...form, tags }
        setForm(next)
        rememberGateway(next)
      }}
      back={() => setReady(false)}
    />
  )
}
