import type { Postgres } from '../../platform/postgres.ts'

export type DeviceStore = ReturnType<typeof createDeviceStore>

/** That a device is there. */
export function createDeviceStore({ sql }: Pick<Postgres, 'sql'>) {
  return {
    async registeredAt(id: string): Promise<Date | undefined> {
      const text = 'select registered_at as "registeredAt" from devices where id = $1'
      return (await sql<{ registeredAt: Date }>({ name: 'discovery-device', text }, [id]))[0]?.registeredAt
    },
  }
}
