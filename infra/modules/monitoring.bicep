// Where logs, traces and metrics go, what is made of them, and who is told.

param token string
param location string
param tags { *: string }
param logRetentionDays int
@description('Object id of the app\'s identity.')
param principalId string
param serviceBusId string
param cosmosId string
@description('The names of the services that tell who changed them.')
param audited { keyVault: string, cosmos: string, serviceBus: string, hostStorage: string }
param alertEmails string[]

var monitoringMetricsPublisher = '3913510d-42f4-4e42-8a64-420c390055eb'

resource workspace 'Microsoft.OperationalInsights/workspaces@2023-09-01' = {
  name: 'log-patchbay-${token}'
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: logRetentionDays
    features: { disableLocalAuth: true }
  }
}

resource applicationInsights 'Microsoft.Insights/components@2020-02-02' = {
  name: 'appi-patchbay-${token}'
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    DisableLocalAuth: true
    WorkspaceResourceId: workspace.id
  }
}

resource publishes 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(applicationInsights.id, principalId, monitoringMetricsPublisher)
  scope: applicationInsights
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', monitoringMetricsPublisher)
  }
}

module alerts 'alerts.bicep' = {
  params: {
    location: location
    tags: tags
    workspaceId: workspace.id
    serviceBusId: serviceBusId
    cosmosId: cosmosId
    alertEmails: alertEmails
  }
}

module workbook 'workbook.bicep' = {
  params: { location: location, tags: tags, workspaceId: workspace.id }
}

module audit 'audit.bicep' = {
  params: { workspaceId: workspace.id, audited: audited }
}

output connectionString string = applicationInsights.properties.ConnectionString
