// Service Bus of a tier without private endpoints, in a private network.
using '../../../infra/main.bicep'

param environmentName = 'private'
param zoneRedundantData = true
param privateNetwork = true
