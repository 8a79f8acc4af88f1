// Package app is the one program behind all eight Mech services; SERVICE_NAME says which of them it is.
package app

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Config is the environment of one container (docs/architecture.md; names and ports: mech_infra/catalogue.py).
type Config struct {
	Name       string
	Version    string // of the image, which sets it
	Fault      Fault
	Port       int
	RedisURL   string
	MongoURI   string
	QueueURL   string
	StorageURL string

	OpenAIKey    string
	AnthropicKey string
	GitHubToken  string
	LLMModel     string

	R2AccessKey string
	R2SecretKey string
	R2Account   string
	R2Bucket    string

	// Where the vendors are; the defaults are their public addresses.
	OpenAIURL    string
	AnthropicURL string
	GitHubURL    string
	R2URL        string

	Workers       int           // queue: jobs worked at once
	JobTimeout    time.Duration // queue: a job's limit unless it names its own
	ModelTimeout  time.Duration // llm: how long a model may take to answer
	IndexTimeout  time.Duration // indexer: one repository
	UploadTimeout time.Duration // storage: one upload
	MaxUpload     int64         // storage: bytes
	StopTimeout   time.Duration // how long what is under way may take to end after SIGTERM
}

// Names are the services that this program can be.
var Names = []string{"queue", "llm", "storage", "indexer", "sequences", "search", "reader", "memories"}

// Load reads the environment; its error names the variable that is wrong, never a value.
func Load(get func(string) string) (Config, error) {
	config := Config{
		Name:       get("SERVICE_NAME"),
		Version:    or(get("MECH_VERSION"), "0.0.0"),
		Fault:      Fault(get("MECH_FAULT")),
		RedisURL:   or(get("REDIS_URL"), "redis://redis:6379"),
		MongoURI:   or(get("MONGODB_URI"), "mongodb://mongodb:27017/mech"),
		QueueURL:   strings.TrimRight(or(get("QUEUE_URL"), "http://mech-queue:3001"), "/"),
		StorageURL: strings.TrimRight(or(get("STORAGE_URL"), "http://mech-storage:3002"), "/"),

		OpenAIKey:    get("OPENAI_API_KEY"),
		AnthropicKey: get("ANTHROPIC_API_KEY"),
		GitHubToken:  get("GITHUB_TOKEN"),
		LLMModel:     or(get("LLM_MODEL"), "gpt-3.5-turbo"),

		R2AccessKey: get("R2_ACCESS_KEY"),
		R2SecretKey: get("R2_SECRET_KEY"),
		R2Account:   or(get("R2_ACCOUNT_ID"), "mech"),
		R2Bucket:    or(get("R2_BUCKET"), "mech-storage"),

		OpenAIURL:    strings.TrimRight(or(get("OPENAI_BASE_URL"), "https://api.openai.com/v1"), "/"),
		AnthropicURL: strings.TrimRight(or(get("ANTHROPIC_BASE_URL"), "https://api.anthropic.com"), "/"),
		GitHubURL:    strings.TrimRight(or(get("GITHUB_API_URL"), "https://api.github.com"), "/"),
	}
	config.R2URL = strings.TrimRight(
		or(get("R2_ENDPOINT"), "https://"+config.R2Account+".r2.cloudflarestorage.com"), "/")
	if !slices.Contains(Names, config.Name) {
		return config, fmt.Errorf("SERVICE_NAME is %q; it must be one of %s", config.Name, strings.Join(Names, ", "))
	}
	if config.Fault != "" && !slices.Contains(Faults, config.Fault) {
		return config, fmt.Errorf("MECH_FAULT is %q; it must be one of %v, or not set", config.Fault, Faults)
	}
	numbers := []struct {
		name     string
		fallback int
		low      int
		high     int
		use      func(int)
	}{
		{"PORT", 3000, 1, 65535, func(n int) { config.Port = n }},
		{"QUEUE_WORKERS", 2, 1, 64, func(n int) { config.Workers = n }},
		{"JOB_TIMEOUT_S", 30, 1, 3600, func(n int) { config.JobTimeout = seconds(n) }},
		{"MODEL_TIMEOUT_S", 30, 1, 600, func(n int) { config.ModelTimeout = seconds(n) }},
		{"INDEX_TIMEOUT_S", 60, 1, 3600, func(n int) { config.IndexTimeout = seconds(n) }},
		{"UPLOAD_TIMEOUT_S", 60, 1, 3600, func(n int) { config.UploadTimeout = seconds(n) }},
		{"MAX_UPLOAD_MB", 100, 1, 5000, func(n int) { config.MaxUpload = int64(n) << 20 }},
		// Docker kills after 30 s (SERVICE_GRACE_S in mech_infra); the rest is for giving back what did not end.
		{"STOP_TIMEOUT_S", 25, 1, 3600, func(n int) { config.StopTimeout = seconds(n) }},
	}
	for _, number := range numbers {
		value := number.fallback
		if text := get(number.name); text != "" {
			parsed, err := strconv.Atoi(text)
			if err != nil || parsed < number.low || parsed > number.high {
				return config, fmt.Errorf("%s must be a whole number from %d to %d", number.name, number.low, number.high)
			}
			value = parsed
		}
		number.use(value)
	}
	return config, nil
}

// Container is the name that the container has on the host: the guide calls llm's `mech-llms`.
func (c Config) Container() string {
	if c.Name == "llm" {
		return "mech-llms"
	}
	return "mech-" + c.Name
}

func hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	return name
}

func or(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }
