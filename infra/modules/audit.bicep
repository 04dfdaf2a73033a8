// Who changed what of the services that keep data, and who read a secret. Nothing here has a line for each request.
// Storage logs requests alone, so the tenants' account has none: a line for each conversation that retention deletes.
// Who changed an account stands in the activity log, which Azure keeps for 90 days by itself.

param workspaceId string
param audited { keyVault: string, cosmos: string, serviceBus: string, hostStorage: string }

var name = 'audit'

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' existing = {
  name: audited.keyVault
}

resource cosmos 'Microsoft.DocumentDB/databaseAccounts@2024-11-15' existing = {
  name: audited.cosmos
}

resource serviceBus 'Microsoft.ServiceBus/namespaces@2024-01-01' existing = {
  name: audited.serviceBus
}

resource hostStorage 'Microsoft.Storage/storageAccounts@2023-05-01' existing = {
  name: audited.hostStorage
}

resource hostBlobs 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' existing = {
  parent: hostStorage
  name: 'default'
}

// Azure reads the app's secrets once a day, and when its settings change.
resource ofVault 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: name
  scope: vault
  properties: {
    workspaceId: workspaceId
    logAnalyticsDestinationType: 'Dedicated'
    logs: [{ category: 'AuditEvent', enabled: true }]
  }
}

resource ofCosmos 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: name
  scope: cosmos
  properties: {
    workspaceId: workspaceId
    logAnalyticsDestinationType: 'Dedicated'
    logs: [{ category: 'ControlPlaneRequests', enabled: true }]
  }
}

resource ofServiceBus 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: name
  scope: serviceBus
  properties: {
    workspaceId: workspaceId
    logAnalyticsDestinationType: 'Dedicated'
    logs: [{ category: 'OperationalLogs', enabled: true }]
  }
}

// The deployed packages lie here. The host writes all the time, and deletes next to nothing.
resource ofHostStorage 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: name
  scope: hostBlobs
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'StorageDelete', enabled: true }]
  }
}
